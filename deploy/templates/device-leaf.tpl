{{- /* A device: its id is the common name and the only DNS name. It logs in to servers and is none. */ -}}
{
	"subject": {"commonName": {{ toJson .Subject.CommonName }}},
	"dnsNames": [{{ toJson .Subject.CommonName }}],
	"keyUsage": ["digitalSignature"],
	"extKeyUsage": ["clientAuth"]
}
