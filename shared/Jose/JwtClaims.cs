using System.Text.Json;

namespace IoTPlatform.Jose;

/// <summary>The claims of a JWT (RFC 7519 section 4). Duplicate claims are refused (section 4 allows it).</summary>
public sealed class JwtClaims
{
    public static JwtClaims Parse(ReadOnlyMemory<byte> utf8Json) => throw new NotImplementedException();

    public string? Issuer => throw new NotImplementedException();

    public string? Subject => throw new NotImplementedException();

    public string? JwtId => throw new NotImplementedException();

    public IReadOnlyList<string> Audience => throw new NotImplementedException();

    public DateTimeOffset? Expires => throw new NotImplementedException();

    public DateTimeOffset? NotBefore => throw new NotImplementedException();

    public DateTimeOffset? IssuedAt => throw new NotImplementedException();

    public JsonElement? this[string claim] => throw new NotImplementedException();

    /// <summary>The claim, null if absent; <see cref="JoseError.Malformed"/> if it isn't a string.</summary>
    public string? GetString(string name) => throw new NotImplementedException();

    /// <summary>The claim, null if absent; <see cref="JoseError.Malformed"/> if it isn't an array of strings.</summary>
    public IReadOnlyList<string>? GetStrings(string name) => throw new NotImplementedException();
}
