namespace IoTPlatform.Testing;

/// <summary>What an operator fills in: where Keycloak answers, its certificate, whom it trusts in turn, and its database.</summary>
public sealed record KeycloakSite
{
    /// <summary>HTTPS, on loopback.</summary>
    public required int Port { get; init; }

    /// <summary>PEM, with its issuers, for <c>localhost</c>.</summary>
    public required string CertificateFile { get; init; }

    /// <summary>PEM.</summary>
    public required string KeyFile { get; init; }

    /// <summary>PEM: the root of the servers that Keycloak itself asks.</summary>
    public required string TrustedRootFile { get; init; }

    /// <summary>JDBC.</summary>
    public required string DatabaseUrl { get; init; }

    public required string DatabaseUser { get; init; }
}
