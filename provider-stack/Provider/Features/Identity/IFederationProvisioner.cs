namespace IoTPlatform.Provider.Features.Identity;

/// <summary>
/// An identity provider at which every tenant's realm is a client. Ensure and Remove are idempotent. A server that doesn't
/// answer is a <see cref="Hosting.DependencyDownException"/> or a 503.
/// </summary>
internal interface IFederationProvisioner
{
    /// <summary>False: no identity provider serves such clients, so no tenant is promised one.</summary>
    bool IsServed { get; }

    /// <summary>Where a tenant reads how to talk to the identity provider (OpenID Connect Discovery 1.0, section 4).</summary>
    Uri DiscoveryUrl { get; }

    /// <summary>The client exists with exactly this secret and redirect URI.</summary>
    Task EnsureClientAsync(FederationClient client, CancellationToken cancellationToken);

    Task RemoveClientAsync(string tenantId, CancellationToken cancellationToken);

    /// <summary>Null: there is no client of this tenant.</summary>
    Task<FederationClientState?> InspectAsync(string tenantId, CancellationToken cancellationToken);
}
