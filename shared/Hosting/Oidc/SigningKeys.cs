using IoTPlatform.Jose;

namespace IoTPlatform.Hosting.Oidc;

/// <summary>The issuer's keys as they were at one moment.</summary>
internal sealed class SigningKeys
{
    private readonly Dictionary<string, (string Thumbprint, VerificationKey Key)> _keys = new(StringComparer.Ordinal);

    public SigningKeys(JsonWebKeySet set, SigningKeys? earlier, DateTimeOffset fetchedAt)
    {
        FetchedAt = fetchedAt;
        foreach (var key in set.Keys)
        {
            // An unchanged key is kept: it may be verifying at this moment, and parsing it again would buy nothing.
            var thumbprint = key.Thumbprint() + key.Alg;
            _keys[key.KeyId!] = earlier is not null && earlier._keys.TryGetValue(key.KeyId!, out var known) && known.Thumbprint == thumbprint
                ? known
                : (thumbprint, VerificationKey.From(key));
        }
    }

    public DateTimeOffset FetchedAt { get; }

    public int Count => _keys.Count;

    public VerificationKey? Find(string keyId) => _keys.TryGetValue(keyId, out var known) ? known.Key : null;
}
