using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>A Sub-CA certificate that is neither expired nor revoked.</summary>
/// <param name="Tenant">Whose it is.</param>
/// <param name="Serial">Decimal.</param>
/// <param name="NotAfter">When it ends.</param>
/// <param name="Constraints">Null: it has none.</param>
public sealed record SubCaRecord(string Tenant, string Serial, DateTimeOffset NotAfter, NameConstraints? Constraints);
