"""The commands without their prefix, for this site alone.

A host's own ``create_api_key`` neither hides ours nor is hidden by it: what the three apps bring
is named ``mailmetrics_…``. Here, where no one else has commands, the short names do as well.
"""
