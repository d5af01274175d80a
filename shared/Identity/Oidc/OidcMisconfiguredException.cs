namespace IoTPlatform.Identity.Oidc;

/// <summary>The identity provider answers, and what it says contradicts the settings: no waiting helps. The message says what it names and what to set.</summary>
internal sealed class OidcMisconfiguredException(string message) : OidcException(message);
