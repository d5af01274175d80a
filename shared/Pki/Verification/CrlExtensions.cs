namespace IoTPlatform.Pki;

/// <summary>Content bytes of CRL extensions (RFC 5280 5.2).</summary>
internal static class CrlExtensions
{
    /// <summary>id-ce-cRLNumber, 2.5.29.20.</summary>
    public static ReadOnlySpan<byte> Number => [0x55, 0x1D, 0x14];

    /// <summary>id-ce-issuingDistributionPoint, 2.5.29.28.</summary>
    public static ReadOnlySpan<byte> IssuingDistributionPoint => [0x55, 0x1D, 0x1C];

    /// <summary>IssuingDistributionPoint { onlyContainsCACerts [2] TRUE }.</summary>
    public static ReadOnlySpan<byte> OnlyCaCertificates => [0x30, 0x03, 0x82, 0x01, 0xFF];
}
