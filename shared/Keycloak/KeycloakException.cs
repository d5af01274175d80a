namespace IoTPlatform.Keycloak;

/// <summary>Keycloak answers, but not as expected. The message names statuses and error codes, never a body.</summary>
public sealed class KeycloakException(string message) : Exception(message);
