"""The custom domain and the web application firewall."""
