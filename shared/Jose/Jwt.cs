using System.Text.Json;

namespace IoTPlatform.Jose;

/// <summary>JSON Web Tokens, RFC 7519.</summary>
public static class Jwt
{
    /// <summary>Signs claims (a JsonObject, a dictionary or a record) as a compact JWT with header alg, kid, typ.</summary>
    public static string Sign(object claims, ISignatureKey key, string typ = "JWT")
        => CompactJws.Sign(
            new Dictionary<string, object>(StringComparer.Ordinal) { ["typ"] = typ },
            JsonSerializer.SerializeToUtf8Bytes(claims, claims.GetType()),
            key);
}
