using System.Buffers.Text;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.RegularExpressions;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>An answer of step-ca's API as one line: status, form and words; keys, numbers, moments and addresses left out, what is in a certificate told.</summary>
internal static partial class WireAnswer
{
    private const string SeeLogs = " Please see the certificate authority logs for more info.";

    /// <summary>What a client acts on.</summary>
    private static readonly string[] Headers = ["Allow", "Location", "Retry-After", "WWW-Authenticate"];

    private const string TlsOptions = """{"cipherSuites":["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256","TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"],"minVersion":1.2,"maxVersion":1.3,"renegotiation":false}""";

    /// <summary>A leaf as it is unless something is asked for.</summary>
    private const string Usual = "; 1.00:01:00; DigitalSignature; 1.3.6.1.5.5.7.3.1 1.3.6.1.5.5.7.3.2; 1.3.6.1.4.1.37476.9000.64.1 2.5.29.14 2.5.29.15! 2.5.29.17 2.5.29.35 2.5.29.37";

    /// <summary>Members whose very text is compared.</summary>
    private static readonly string[] Verbatim = ["status", "version", "type", "name", "kty", "use", "alg", "crv", "clientID", "configurationEndpoint", "nextCursor"];

    private static readonly Dictionary<int, string> Prefixes = new()
    {
        [400] = "The request could not be completed: ",
        [401] = "The request lacked necessary authorization to be completed." + SeeLogs,
        [403] = "The request was forbidden by the certificate authority: ",
        [404] = "The requested resource could not be found." + SeeLogs,
        [413] = "The request could not be completed: ",
        [501] = "The requested method is not implemented by the certificate authority." + SeeLogs,
    };

    public static async Task<string> ReadAsync(HttpResponseMessage response)
    {
        var (status, body, type) = ((int)response.StatusCode, await response.Content.ReadAsStringAsync(), response.Content.Headers.ContentType?.MediaType);
        var all = response.Headers.Concat(response.Content.Headers).ToDictionary(header => header.Key, header => string.Join(',', header.Value), StringComparer.OrdinalIgnoreCase);
        var headers = string.Concat(Headers.Where(all.ContainsKey).Select(name => $" {name}: {all[name]}"));
        return $"{status} {(body.Length == 0 ? "empty" : type != "application/json" ? type : Of(status, body))}{headers}".Replace("  ", " ", StringComparison.Ordinal).TrimEnd();
    }

    /// <summary>Their names, but for those that every answer has.</summary>
    public static string HeadersOf(HttpResponseMessage response) =>
        string.Join(' ', response.Headers.Concat(response.Content.Headers).Select(header => header.Key).Except(["Date", "Content-Length", "Content-Type"]).DefaultIfEmpty("none").Order(StringComparer.Ordinal));

    private static string Of(int status, string body)
    {
        using var document = JsonDocument.Parse(body);
        var json = document.RootElement;
        return json.ValueKind == JsonValueKind.Object && json.TryGetProperty("message", out var message) && json.EnumerateObject().Count() == 2 && json.GetProperty("status").GetInt32() == status
            ? WordsOf(status, message.GetString()!)
            : FormOf("", json);
    }

    /// <summary>Without what is the same for every refusal of that status.</summary>
    private static string WordsOf(int status, string message)
    {
        var prefix = Prefixes.GetValueOrDefault(status, "");
        message = message.StartsWith(prefix, StringComparison.Ordinal) ? message[prefix.Length..] : $"‘{message}’";
        return Reasons().Replace(Moments().Replace(Numbers().Replace(message, "N"), "T"), "$1: …");
    }

    private static string FormOf(string name, JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object when json.TryGetProperty("crt", out var leaf) && json.EnumerateObject().Count() == 4 => SignedOf(json, FormOf("", leaf)),
        JsonValueKind.Array when name == "provisioners" => $"[{string.Join(',', json.EnumerateArray().Select(one => one.GetProperty("name").GetString()).Order(StringComparer.Ordinal))}]",
        JsonValueKind.Object => "{" + string.Join(',', json.EnumerateObject().OrderBy(member => member.Name, StringComparer.Ordinal).Select(member => $"{member.Name}:{FormOf(member.Name, member.Value)}")) + "}",
        JsonValueKind.Array => $"[{string.Join(',', json.EnumerateArray().Select(one => FormOf("", one)).Order(StringComparer.Ordinal))}]",
        JsonValueKind.String => TextOf(name, json.GetString()!),
        _ => json.GetRawText(),
    };

    /// <summary>The certificate alone, where what is around it is as always.</summary>
    private static string SignedOf(JsonElement json, string leaf)
    {
        var chain = string.Join(',', json.GetProperty("certChain").EnumerateArray().Select(one => FormOf("", one)));
        var around = $"{FormOf("", json.GetProperty("ca"))} [{chain}] {json.GetProperty("tlsOptions").GetRawText()}";
        var usual = $"intermediate [{leaf},intermediate] {TlsOptions}";
        return around == usual ? leaf : $"{leaf} {around}";
    }

    public static string ProvisionerOf(JsonElement json) => FormOf("", json);

    private static string TextOf(string name, string text) =>
        Array.IndexOf(Verbatim, name) >= 0 ? text.Length == 0 ? "''" : Ports().Replace(text, ":0")
        : text.StartsWith("-----BEGIN CERTIFICATE-----", StringComparison.Ordinal) ? Of(Pem.ParseCertificates(text)[0])
        : text.Split('.') is [var header, _, _, _, _] ? $"JWE{HeaderOf(header)}"
        : "text";

    private static string HeaderOf(string encoded)
    {
        using var header = JsonDocument.Parse(Base64Url.DecodeFromChars(encoded));
        return "{" + string.Join(',', header.RootElement.EnumerateObject().Where(member => member.Name is not "p2s").OrderBy(member => member.Name, StringComparer.Ordinal).Select(member => $"{member.Name}:{member.Value}")) + "}";
    }

    private static string Of(X509Certificate2 certificate)
    {
        var parsed = ParsedCertificate.Parse(certificate.RawDataMemory);
        if (parsed.IsCa)
        {
            return certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData) ? "root" : "intermediate";
        }

        var extensions = certificate.Extensions.Select(extension => extension.Oid!.Value + (extension.Critical ? "!" : "")).Order(StringComparer.Ordinal);
        var contents = $"; {parsed.NotAfter - parsed.NotBefore:c}; {parsed.KeyUsages}; {string.Join(' ', parsed.ExtendedKeyUsages)}; {string.Join(' ', extensions)}";
        var names = $"{parsed.Names.CommonName}: {string.Join(' ', parsed.Names.AllSans.Select(name => Ports().Replace(name, ":0")))}";
        return Hosts().Replace($"{names}{(contents == Usual ? "" : contents)}; {parsed.StepProvisioner?.Type} {parsed.StepProvisioner?.Name}", "wire");
    }

    [GeneratedRegex("[0-9]{12,}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Numbers();

    [GeneratedRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+(Z| \\+0000 UTC)?( m=[+0-9.]+)?", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Moments();

    /// <summary>Ours give one, in our own words.</summary>
    [GeneratedRegex("(error decoding json|invalid csr): .*", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Reasons();

    [GeneratedRegex("wire-[0-9a-f]{8}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Hosts();

    [GeneratedRegex(":[0-9]{4,5}(?=/|$)", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Ports();
}
