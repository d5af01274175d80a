using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Pki.Signing;

namespace IoTPlatform.Iot;

/// <summary>The issuer that a ca.json names: its chain, and its key where that is a file.</summary>
internal static class StepCaIssuer
{
    private const int MaxKey = 16384;

    /// <summary>Whether the issuer's key is encrypted in a file, and ca.json has no password of it.</summary>
    public static bool NeedsPassword(JsonObject configuration, string folder) =>
        KeyFile(configuration, folder) is { } file && configuration["password"]?.ToString() is null or "" && ReadKey(file).Contains("ENCRYPTED", StringComparison.Ordinal);

    /// <summary>The key leaves this machine only if it is the certificate's: a ca.json of others must not send any key that it names.</summary>
    /// <param name="configuration">The whole of ca.json.</param>
    /// <param name="folder">That step-ca's relative paths begin at.</param>
    /// <param name="password">Of the key; null: ca.json's.</param>
    /// <param name="issue">It signs what is new, too.</param>
    public static ImportIssuerRequest Read(JsonObject configuration, string folder, string? password, bool issue = false)
    {
        var issuers = Certificates(folder, configuration["crt"], "crt");
        var roots = Certificates(folder, configuration["root"], "root");
        try
        {
            var last = ParsedCertificate.Parse(issuers[^1].RawDataMemory);
            var root = roots.FirstOrDefault(one => IssuerInfo.FromCertificate(one).HasSigned(last)) ?? throw StepCaDatabase.Refused("none of the roots in ca.json has signed its \"crt\"");
            var chain = new CertificateChain([.. issuers, root]);
            string? pem = null;
            password ??= configuration["password"]?.ToString();
            if (KeyFile(configuration, folder) is { } file)
            {
                pem = ReadKey(file);
                using var key = TryParse(pem, password);
                pem = key is null ? null : pem;
                if (key is not null && !key.SubjectPublicKeyInfo.AsSpan().SequenceEqual(IssuerInfo.FromCertificate(chain.Issuer).SubjectPublicKeyInfo.Span))
                {
                    throw StepCaDatabase.Refused("the \"key\" in ca.json is not that of its \"crt\"");
                }
            }

            return new ImportIssuerRequest { Chain = chain.Pem, Key = pem, Password = pem is null ? null : password, Issue = issue, Names = [.. Texts(configuration["dnsNames"])] };
        }
        catch (PkiException e)
        {
            throw StepCaDatabase.Refused($"the issuer of ca.json can't be used: {e.Message}", e);
        }
    }

    /// <summary>Null: it is no EC key.</summary>
    private static CaKey? TryParse(string pem, string? password)
    {
        try
        {
            return ForeignKeyPem.Read(pem, password);
        }
        catch (PkiException e) when (e.Error == PkiError.UnsupportedKey)
        {
            return null;
        }
    }

    /// <summary>Null: the key is in an HSM or a cloud's key store.</summary>
    private static string? KeyFile(JsonObject configuration, string folder) =>
        configuration["key"]?.ToString() is { Length: > 0 } key && !key.Contains(':', StringComparison.Ordinal) ? Path.Combine(folder, key) : null;

    private static string ReadKey(string file) =>
        ProvisionerFlags.Read(file) is { Length: <= MaxKey } bytes ? Encoding.ASCII.GetString(bytes) : throw StepCaDatabase.Refused($"{file} is no key: it is too large");

    private static List<System.Security.Cryptography.X509Certificates.X509Certificate2> Certificates(string folder, JsonNode? files, string member)
    {
        try
        {
            var read = Texts(files).SelectMany(file => Pem.ParseCertificates(Encoding.ASCII.GetString(ProvisionerFlags.Read(Path.Combine(folder, file))))).ToList();
            return read.Count > 0 ? read : throw StepCaDatabase.Refused($"ca.json has no \"{member}\"");
        }
        catch (PkiException e)
        {
            throw StepCaDatabase.Refused($"the \"{member}\" in ca.json can't be read: {e.Message}", e);
        }
    }

    /// <summary>step-ca takes one text, or a list of them.</summary>
    private static IEnumerable<string> Texts(JsonNode? node) => node switch
    {
        JsonArray list => list.Select(one => one?.ToString()).OfType<string>(),
        null => [],
        _ => [node.ToString()],
    };
}
