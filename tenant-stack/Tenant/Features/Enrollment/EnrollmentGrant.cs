namespace IoTPlatform.Tenant.Features.Enrollment;

/// <summary>An authorisation that holds for this device id.</summary>
internal sealed record EnrollmentGrant
{
    /// <summary><c>token:{id}</c> or <c>manufacturer:{certificate hash}</c>.</summary>
    public required string AuthorizationId { get; init; }

    /// <summary>Names exactly this device, so it may give an enrolled device a new key.</summary>
    public required bool IsBoundToDevice { get; init; }

    /// <summary>An admin made it at this time, so it may bring back a device revoked before; null: it may not.</summary>
    public DateTimeOffset? ReinstatesIfRevokedBefore { get; init; }

    /// <summary>What a manufacturer says of the device; null: a token.</summary>
    public ManufacturerIdentity? Manufacturer { get; init; }
}
