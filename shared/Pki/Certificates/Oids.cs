namespace IoTPlatform.Pki;

/// <summary>Dotted object identifiers used by the certificate code.</summary>
public static class Oids
{
    public const string ServerAuth = "1.3.6.1.5.5.7.3.1";
    public const string ClientAuth = "1.3.6.1.5.5.7.3.2";

    public const string OcspSigning = "1.3.6.1.5.5.7.3.9";

    /// <summary>RFC 5280 4.2.1.12.</summary>
    public const string AnyExtendedKeyUsage = "2.5.29.37.0";

    /// <summary>step-ca's provisioner extension.</summary>
    public const string StepProvisioner = "1.3.6.1.4.1.37476.9000.64.1";
}
