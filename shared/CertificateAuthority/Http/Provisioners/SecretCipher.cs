using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.DataProtection;

namespace IoTPlatform.CertificateAuthority;

/// <summary>Encrypts under the data folder's key, which other secrets of the stack are under as well.</summary>
internal sealed class SecretCipher(IDataProtectionProvider protection) : ISecretCipher
{
    private const string Application = "iotplatform-ca";
    private const string Purpose = "ca.provisioners";

    /// <summary>Before the host has services: provisioners are read at its start.</summary>
    public static SecretCipher Of(DataFolder folder) =>
        new(DataProtectionProvider.Create(new DirectoryInfo(folder.Combine("secrets", "data-protection")), keys => keys.SetApplicationName(Application)));

    public string Encrypt(string place, string text) => Protector(place).Protect(text);

    public string Decrypt(string place, string ciphertext) => Protector(place).Unprotect(ciphertext);

    // The place is part of the purpose: a ciphertext moved to another row does not decrypt.
    private IDataProtector Protector(string place) => protection.CreateProtector(Purpose, place);
}
