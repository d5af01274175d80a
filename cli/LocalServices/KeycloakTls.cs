namespace IoTPlatform.LocalServices;

/// <summary>A Keycloak's certificate, and whom it trusts in turn.</summary>
public sealed record KeycloakTls
{
    public required int Port { get; init; }

    /// <summary>PEM, with its issuers, for <c>localhost</c>.</summary>
    public required string CertificateFile { get; init; }

    /// <summary>PEM.</summary>
    public required string KeyFile { get; init; }

    /// <summary>PEM: the root of the servers that Keycloak itself asks.</summary>
    public required string TrustedRootFile { get; init; }
}
