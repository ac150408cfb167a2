"""News and web research behind one port; everything it returns is marked untrusted."""
