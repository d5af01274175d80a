using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Jose;

namespace IoTPlatform.CertificateAuthority.Tests.Acme;

/// <summary>What a client sends beside a new account, to bind it to a key of the operator's (RFC 8555 7.3.4).</summary>
internal static class ExternalBinding
{
    public static Task<AcmeReply> RegisterAsync(AcmeClient client, object binding) => client.RegisterAsync(new { externalAccountBinding = binding });

    public static Dictionary<string, object> Of(AcmeClient client, ExternalAccountCredentials key, string algorithm = "HS256") => Sign(
        new Dictionary<string, string> { ["alg"] = algorithm, ["kid"] = key.Id, ["url"] = client.At("new-account") }, client.PublicKey.ToJson(), Base64Url.DecodeFromChars(key.HmacKey));

    public static Dictionary<string, object> Sign(Dictionary<string, string> header, string payload, byte[] key)
    {
        var (first, second) = (Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(header)), Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload)));
        var input = Encoding.ASCII.GetBytes($"{first}.{second}");
        var mac = header.GetValueOrDefault("alg") switch
        {
            "HS384" => HMACSHA384.HashData(key, input),
            "HS512" => HMACSHA512.HashData(key, input),
            _ => HMACSHA256.HashData(key, input),
        };
        return new Dictionary<string, object> { ["protected"] = first, ["payload"] = second, ["signature"] = Base64Url.EncodeToString(mac) };
    }
}
