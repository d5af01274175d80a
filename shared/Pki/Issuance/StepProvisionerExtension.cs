namespace IoTPlatform.Pki;

/// <summary>step-ca's provisioner extension: SEQUENCE { INTEGER type, OCTET STRING name, OCTET STRING key id }.</summary>
public sealed record StepProvisionerExtension(int Type, string Name, string KeyId)
{
    /// <summary>The type number of a JWK provisioner.</summary>
    public const int Jwk = 1;
}
