"""The operations of the HTTP API, a module for each group; see graph_web.routing for how a handler is declared."""
