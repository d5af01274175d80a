namespace IoTPlatform.CertificateAuthority.Administration;

/// <summary>Somebody who changes provisioners over the administration API with a certificate of a provisioner.</summary>
/// <param name="Id">Random.</param>
/// <param name="Subject">A common name, DNS name or e-mail address of the certificate.</param>
/// <param name="Provisioner">That the certificate is of.</param>
/// <param name="IsSuper">Changes administrators, too.</param>
internal sealed record Administrator(string Id, string Subject, string Provisioner, bool IsSuper, DateTimeOffset CreatedAt);
