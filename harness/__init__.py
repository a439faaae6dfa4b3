"""A pytest plugin that turns prompts into test cases."""
