namespace IoTPlatform.Contracts.Join;

/// <summary><c>POST /portal/admin/tenants/{tenant_id}/sub-ca/rotate</c>.</summary>
public sealed record RotateSubCaRequest
{
    /// <summary>PKCS#10 of the new Sub-CA key, PEM.</summary>
    public required string SubCaCsr { get; init; }

    /// <summary>A proof JWT made with the <b>current</b> Sub-CA key; claim <c>spki</c> = base64url SHA-256 of the new SubjectPublicKeyInfo.</summary>
    public required string Proof { get; init; }
}

/// <summary>
/// <c>POST /portal/admin/tenants/{tenant_id}/sub-ca/reissue</c>, mTLS with the bridge certificate: the Sub-CA's certificate again under another Intermediate CA, or, once
/// its Sub-CA was revoked so that it makes another key, the first one for that.
/// </summary>
public sealed record ReissueSubCaRequest
{
    /// <summary>PKCS#10 of the Sub-CA key, PEM.</summary>
    public required string SubCaCsr { get; init; }
}

public sealed record RotatedSubCa
{
    public required string TenantId { get; init; }
    public required string SignedCert { get; init; }
    public required string CaChain { get; init; }
}
