namespace IoTPlatform.Provider.Features.Names;

/// <summary>A tenant whose live Sub-CA could sign a certificate for a name of the provider.</summary>
internal sealed record SubCaGap(RegisteredName Name, string Tenant, string Serial, DateTimeOffset ValidUntil);
