using System.Text;
using IoTPlatform.Jose.Json;

namespace IoTPlatform.Jose.Encryption;

/// <summary>The five parts of a JWE in compact (RFC 7516 section 7.1) or flattened JSON form (section 7.2.2), still base64url.</summary>
internal sealed record JweParts(string Protected, string EncryptedKey, string Iv, string Ciphertext, string Tag)
{
    private const int MaxLength = 65536;

    private static readonly string[] Members = ["protected", "encrypted_key", "iv", "ciphertext", "tag"];

    public string ToCompact() => string.Join('.', Protected, EncryptedKey, Iv, Ciphertext, Tag);

    public static JweParts Parse(string text)
    {
        if (text.Length > MaxLength)
        {
            throw new JoseException(JoseError.Malformed, "The encrypted object is too long.");
        }

        var parts = text.StartsWith('{') ? Flattened(text) : text.Split('.');
        return parts.Length == Members.Length
            ? new JweParts(parts[0], parts[1], parts[2], parts[3], parts[4])
            : throw new JoseException(JoseError.Malformed, "The encrypted object does not have five parts.");
    }

    // Exactly these members: a shared or per-recipient header outside the integrity protection is not supported.
    private static string[] Flattened(string text)
    {
        const string what = "The encrypted object";
        var json = StrictJson.ParseDetached(Encoding.UTF8.GetBytes(text), what);
        return [.. json.EnumerateObject()
            .OrderBy(member => Array.IndexOf(Members, member.Name) is >= 0 and var place
                ? place
                : throw new JoseException(JoseError.Malformed, "The encrypted object has unknown members."))
            .Select(member => StrictJson.String(member.Value, what))];
    }
}
