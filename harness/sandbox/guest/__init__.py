"""What runs inside a sandbox: the answer in one process, its tests in another. Standard library alone.

The folder is laid into every sandbox as it is, and may be run there by another interpreter than the harness's own.
"""
