using System.Text.Json;
using IoTPlatform.Jose.Json;

namespace IoTPlatform.Jose;

/// <summary>The claims of a JWT (RFC 7519 section 4). Duplicate claims are refused (section 4 allows it).</summary>
public sealed class JwtClaims
{
    private const long LastSecond = 253402300799; // 9999-12-31T23:59:59Z

    private readonly JsonElement _json;

    private JwtClaims(JsonElement json)
    {
        _json = json;
        Issuer = GetString("iss");
        Subject = GetString("sub");
        JwtId = GetString("jti");
        Audience = ReadAudience();
        Expires = GetDate("exp");
        NotBefore = GetDate("nbf");
        IssuedAt = GetDate("iat");
    }

    public string? Issuer { get; }

    public string? Subject { get; }

    public string? JwtId { get; }

    public IReadOnlyList<string> Audience { get; }

    public DateTimeOffset? Expires { get; }

    public DateTimeOffset? NotBefore { get; }

    public DateTimeOffset? IssuedAt { get; }

    /// <summary>Null if absent, or null in the token: one as good as the other, as in Go.</summary>
    public JsonElement? this[string claim] => _json.TryGetProperty(claim, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public static JwtClaims Parse(ReadOnlyMemory<byte> utf8Json) => new(StrictJson.ParseDetached(utf8Json.Span, "The token's payload"));

    /// <summary>The claim, null if absent; <see cref="JoseError.Malformed"/> if it isn't a string.</summary>
    public string? GetString(string name) => this[name] is { } value ? StrictJson.String(value, $"The claim \"{name}\"") : null;

    /// <summary>The claim, null if absent; <see cref="JoseError.Malformed"/> if it isn't an array of strings.</summary>
    public IReadOnlyList<string>? GetStrings(string name) => this[name] is { } value ? StrictJson.Strings(value, $"The claim \"{name}\"") : null;

    // RFC 7519 section 4.1.3: one string or an array of strings.
    private IReadOnlyList<string> ReadAudience() => this["aud"] switch
    {
        null => [],
        { ValueKind: JsonValueKind.String } one => [one.GetString()!],
        { } many => StrictJson.Strings(many, "The claim \"aud\""),
    };

    // NumericDate (section 2): seconds, fractions allowed; bounded to what a DateTimeOffset holds.
    private DateTimeOffset? GetDate(string name)
    {
        if (this[name] is not { } value)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number)
        {
            if (value.TryGetInt64(out var seconds) && seconds is >= 0 and <= LastSecond)
            {
                return DateTimeOffset.FromUnixTimeSeconds(seconds);
            }

            if (value.TryGetDecimal(out var exact) && exact is >= 0 and <= LastSecond)
            {
                return DateTimeOffset.UnixEpoch.AddTicks((long)(exact * TimeSpan.TicksPerSecond));
            }
        }

        throw new JoseException(JoseError.Malformed, $"The claim \"{name}\" is not a date between 1970 and 9999.");
    }
}
