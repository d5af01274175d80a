namespace IoTPlatform.Tenant.Features.Join;

/// <summary>Who this tenant is, as the provider certified it.</summary>
internal sealed record JoinedTenant(string TenantId, string PlatformDomain);
