"""The page in the browser; needs the extra `finetune-curator[app]`."""
