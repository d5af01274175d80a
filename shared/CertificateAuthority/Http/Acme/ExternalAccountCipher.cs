using Microsoft.AspNetCore.DataProtection;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>Encrypts external account keys under the data folder's key: a copy of the database alone gives none away.</summary>
internal sealed class ExternalAccountCipher(IDataProtectionProvider protection)
{
    public string Encrypt(string id, byte[] key) => Convert.ToBase64String(Protector(id).Protect(key));

    public byte[] Decrypt(string id, string ciphertext) => Protector(id).Unprotect(Convert.FromBase64String(ciphertext));

    // The id is part of the purpose: a ciphertext moved to another row does not decrypt.
    private IDataProtector Protector(string id) => protection.CreateProtector("acme.external_account_keys", id);
}
