{{- /* A tenant's issuing Sub-CA: it signs leaves and revocation lists, and no CA below it; the template data bounds its names. */ -}}
{{- if not .permittedURIDomains }}{{ fail "a tenant's Sub-CA needs permittedURIDomains in the template data" }}{{ end -}}
{
	"subject": {"commonName": {{ toJson .Subject.CommonName }}},
	"keyUsage": ["certSign", "crlSign"],
	"basicConstraints": {"isCA": true, "maxPathLen": 0},
	"nameConstraints": {
		"critical": true,
		"permittedURIDomains": {{ toJson .permittedURIDomains }},
		"excludedDNSDomains": {{ toJson .excludedDNSDomains }}
	}
}
