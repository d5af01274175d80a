namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>The token endpoint said no (RFC 6749 section 5.2).</summary>
internal sealed class TokenRefusedException(string error) : Exception($"The identity provider refused: {error}.")
{
    public string Error { get; } = error;
}
