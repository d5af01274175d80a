namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>A login at the identity provider came to nothing. The message is for the log; people are told what follows from <see cref="Problem"/>.</summary>
internal sealed class LoginException(LoginProblem problem, string reason, Exception? inner = null) : Exception(reason, inner)
{
    public LoginProblem Problem { get; } = problem;
}
