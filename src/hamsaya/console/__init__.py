"""The pages of one node: server-rendered, read-only, without script. See docs/console.md."""
