namespace IoTPlatform.Provider.Features.Identity;

/// <summary>What the identity provider has of a tenant's client, without its secret.</summary>
internal sealed record FederationClientState(string ClientId, string? RedirectUri);
