"""Better prompts, on evidence: versions and labels, candidates, paired evaluation, the promotion gate."""
