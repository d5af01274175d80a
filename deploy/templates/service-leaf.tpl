{{- /* A service: its name is the common name; DNS names and IP addresses are those that the token vouches for. */ -}}
{{- $dns := list }}{{ $ip := list }}
{{- range .SANs }}
	{{- if eq .Type "dns" }}{{ $dns = append $dns .Value }}{{ else if eq .Type "ip" }}{{ $ip = append $ip .Value }}
	{{- else }}{{ fail (printf "a service has no name such as %s" .Value) }}{{ end }}
{{- end -}}
{
	"subject": {"commonName": {{ toJson .Subject.CommonName }}},
	"dnsNames": {{ toJson $dns }},
	"ipAddresses": {{ toJson $ip }},
	"keyUsage": ["digitalSignature", "keyEncipherment"],
	"extKeyUsage": ["serverAuth", "clientAuth"]
}
