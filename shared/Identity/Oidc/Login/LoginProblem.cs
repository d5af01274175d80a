namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>Why a login at the identity provider came to nothing.</summary>
internal enum LoginProblem
{
    /// <summary>The identity provider has no client for the portal yet.</summary>
    NotSetUp,
    ProviderDown,

    /// <summary>What the identity provider says of itself contradicts the settings.</summary>
    Misconfigured,

    /// <summary>This browser began no login, or too long ago.</summary>
    NoAttempt,

    /// <summary>The answer belongs to another login than the one this browser began.</summary>
    AnotherAttempt,
    UsedBefore,
    Malformed,
    AnotherIssuer,

    /// <summary>The person, or a rule of the identity provider's, said no.</summary>
    Denied,
    ProviderRefused,
    BadToken,

    /// <summary>Signed in there, without any of the platform's roles.</summary>
    NoRole,
}

/// <summary>A login at the identity provider failed. The message is for the log; the text for users follows from <see cref="Problem"/>.</summary>
internal sealed class LoginException(LoginProblem problem, string reason, Exception? inner = null) : Exception(reason, inner)
{
    public LoginProblem Problem { get; } = problem;
}
