namespace IoTPlatform.Identity.Oidc;

/// <summary>The identity provider doesn't answer, or what it answers can't be used. The message is for the operator's log.</summary>
internal class OidcException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The identity provider answers, and what it says contradicts the settings: no waiting helps. The message says what it names and what to set.</summary>
internal sealed class OidcMisconfiguredException(string message) : OidcException(message);
