"""HTTP faces for machines: peers (``federation``) and this node's own operator (``control``)."""
