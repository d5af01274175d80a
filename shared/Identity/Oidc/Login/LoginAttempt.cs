using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>A login that was begun, as the browser keeps it in a protected cookie. No record: it would print the verifier.</summary>
internal sealed class LoginAttempt
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private LoginAttempt(string state, string nonce, string verifier, DateTimeOffset expires, string returnPath)
    {
        State = state;
        Nonce = nonce;
        Verifier = verifier;
        Expires = expires;
        ReturnPath = returnPath;
    }

    public string State { get; }

    public string Nonce { get; }

    /// <summary>RFC 7636 section 4.1.</summary>
    public string Verifier { get; }

    public DateTimeOffset Expires { get; }

    public string ReturnPath { get; }

    /// <summary>RFC 7636 section 4.2, S256.</summary>
    public string Challenge => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Verifier)));

    public static LoginAttempt Begin(string returnPath, DateTimeOffset now) => new(Secret(), Secret(), Secret(), now + Lifetime, returnPath);

    public static LoginAttempt Parse(string text)
    {
        var parts = text.Split(' ');
        return new LoginAttempt(parts[0], parts[1], parts[2], DateTimeOffset.FromUnixTimeSeconds(long.Parse(parts[3], CultureInfo.InvariantCulture)), parts[4]);
    }

    public string Serialize() => string.Join(' ', State, Nonce, Verifier, Expires.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), ReturnPath);

    public bool HasState(string state) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(state), Encoding.UTF8.GetBytes(State));

    private static string Secret() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
}
