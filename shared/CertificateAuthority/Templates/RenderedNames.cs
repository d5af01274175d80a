using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>The alternative names of a rendered certificate: those of the four lists, then those of <c>sans</c> by their types.</summary>
internal static class RenderedNames
{
    public static SubjectNames Read(RenderedJson json)
    {
        var (dns, emails, uris) = (json.Texts("dnsNames").ToList(), json.Texts("emailAddresses").ToList(), json.Texts("uris").ToList());
        var ip = json.Addresses("ipAddresses").ToList();
        var permanent = new List<string>();
        foreach (var san in json.List("sans").Select(item => new RenderedJson(item, "san")))
        {
            var (type, value) = (san.Text("type"), san.Text("value"));
            if (value.Length == 0)
            {
                continue;
            }

            switch (type.ToLowerInvariant())
            {
                case "dns":
                    dns.Add(value);
                    break;
                case "email":
                    emails.Add(value);
                    break;
                case "uri":
                    uris.Add(value);
                    break;
                case "ip":
                    ip.Add(System.Net.IPAddress.TryParse(value, out var address) ? address : throw new RenderedException($"the san {value} is no IP address"));
                    break;
                case "permanentidentifier":
                    permanent.Add(value);
                    break;
                case "" or "auto":
                    var sorted = SubjectNames.FromSans(commonName: null, [value]);
                    dns.AddRange(sorted.Dns);
                    emails.AddRange(sorted.Emails);
                    uris.AddRange(sorted.Uris);
                    ip.AddRange(sorted.Ip);
                    break;
                default:
                    throw new RenderedException($"sans of the type {type} are not certified here");
            }
        }

        return new SubjectNames { Dns = [.. dns.Distinct(StringComparer.Ordinal)], Ip = [.. ip.Distinct()], Emails = [.. emails.Distinct(StringComparer.Ordinal)], Uris = [.. uris.Distinct(StringComparer.Ordinal)], PermanentIdentifiers = [.. permanent.Distinct(StringComparer.Ordinal)] };
    }
}
