using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>What the browser brings back from the identity provider (RFC 6749 section 4.1.2). Anybody can have made it up. No record: it would print the code.</summary>
internal sealed class AuthorizationResponse
{
    private const int MaxLength = 2048;
    private const int MaxError = 64;

    private AuthorizationResponse(string state, string? code, string? error, string? issuer)
    {
        State = state;
        Code = code;
        Error = error;
        Issuer = issuer;
    }

    public string State { get; }

    /// <summary>Null: there is an <see cref="Error"/>.</summary>
    public string? Code { get; }

    /// <summary>Fit for a log.</summary>
    public string? Error { get; }

    /// <summary>RFC 9207 section 2.</summary>
    public string? Issuer { get; }

    /// <summary>Throws <see cref="LoginException"/> <see cref="LoginProblem.Malformed"/>.</summary>
    public static AuthorizationResponse Of(IQueryCollection query)
    {
        var (state, code, error, issuer) = (One(query, "state"), One(query, "code"), One(query, "error"), One(query, "iss"));
        return state is null ? throw Malformed("no state")
            : code is null == error is null ? throw Malformed("neither or both of code and error")
            : new AuthorizationResponse(state, code, error is null ? null : Plain(error), issuer);
    }

    // RFC 6749 section 3.1: a parameter comes once; two readers of one request must not see two things.
    private static string? One(IQueryCollection query, string name) => query[name] switch
    {
        { Count: 0 } => null,
        [{ Length: > 0 and <= MaxLength } value] => value,
        _ => throw Malformed($"{name} is empty, too long or given twice"),
    };

    private static string Plain(string error) =>
        error.Length <= MaxError && error.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.') ? error : "(no error code)";

    private static LoginException Malformed(string reason) => new(LoginProblem.Malformed, $"The answer is malformed: {reason}.");
}
