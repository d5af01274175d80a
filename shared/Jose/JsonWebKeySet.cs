using System.Text.Json;
using IoTPlatform.Jose.Json;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Jose;

/// <summary>A JWK Set (RFC 7517 section 5) published by another party: its public signature keys that have a "kid".</summary>
public sealed class JsonWebKeySet
{
    private const int MaxKeys = 100;

    private readonly Dictionary<string, JsonWebKey> _keys;

    private JsonWebKeySet(Dictionary<string, JsonWebKey> keys) => _keys = keys;

    public IReadOnlyCollection<JsonWebKey> Keys => _keys.Values;

    public JsonWebKey? Find(string kid) => _keys.GetValueOrDefault(kid);

    /// <summary>
    /// Leaves out, as the section asks, keys of unknown kind or out of range, and further: keys for other uses, keys that give their
    /// private part away, and all keys that share a "kid". Not a set at all, or more than 100 keys: <see cref="JoseError.Malformed"/>.
    /// </summary>
    public static JsonWebKeySet Parse(ReadOnlyMemory<byte> utf8Json)
    {
        using var document = StrictJson.ParseObject(utf8Json, "The key set");
        if (!document.RootElement.TryGetProperty("keys", out var array) || array.ValueKind != JsonValueKind.Array || array.GetArrayLength() > MaxKeys)
        {
            throw new JoseException(JoseError.Malformed, $"The key set has no \"keys\" of at most {MaxKeys} keys.");
        }

        return new JsonWebKeySet(array.EnumerateArray()
            .Select(Usable).OfType<JsonWebKey>()
            .GroupBy(key => key.KeyId!, StringComparer.Ordinal)
            .Where(sameId => sameId.Count() == 1)
            .ToDictionary(sameId => sameId.Key, sameId => sameId.Single(), StringComparer.Ordinal));
    }

    private static JsonWebKey? Usable(JsonElement json)
    {
        try
        {
            return JsonWebKeyReader.Read(json) is { KeyId.Length: > 0, Use: null or "sig", IsPrivate: false, Kty: "EC" or "RSA" } key ? key : null;
        }
        catch (JoseException)
        {
            return null;
        }
    }
}
