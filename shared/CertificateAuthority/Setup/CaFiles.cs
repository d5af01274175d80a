using IoTPlatform.Hosting;


namespace IoTPlatform.CertificateAuthority;

/// <summary>Where a provider's data folder keeps its CA, named as step-ca names it.</summary>
public static class CaFiles
{
    public static string RootCertificate(DataFolder folder) => folder.Combine("certs", "root_ca.crt");

    public static string RootKey(DataFolder folder) => folder.Combine("secrets", "root_ca_key");

    public static string IntermediateCertificate(DataFolder folder) => folder.Combine("certs", "intermediate_ca.crt");

    public static string IntermediateKey(DataFolder folder) => folder.Combine("secrets", "intermediate_ca_key");
}
