using IoTPlatform.Jose;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>Authorises by one-time tokens signed with its key; the private key is escrowed under the provisioner password.</summary>
public sealed class JwkProvisioner : IProvisioner
{
    public const string DefaultName = "iot-bridge";

    internal JwkProvisioner() { }

    public string Name => throw new NotImplementedException();

    public string Type => "JWK";

    public string KeyId => throw new NotImplementedException();

    public JsonWebKey PublicKey => throw new NotImplementedException();

    /// <summary>Compact JWE (PBES2-HS256+A128KW, A256GCM) of the private JWK.</summary>
    public string EncryptedKey => throw new NotImplementedException();
}
