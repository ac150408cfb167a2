"""The minds: who they are, what each sees, how one is asked."""
