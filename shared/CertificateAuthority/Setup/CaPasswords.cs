using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority;

/// <summary>The passwords that open the CA keys and the escrowed provisioner key.</summary>
public sealed class CaPasswords
{
    private CaPasswords() { }

    internal string Authority => throw new NotImplementedException();

    internal string Provisioner => throw new NotImplementedException();

    /// <summary>
    /// STEP_CA_PASSWORD or STEP_CA_PASSWORD_FILE, else the generated file <c>ca-password</c>; STEP_CA_PROVISIONER_PASSWORD or
    /// STEP_CA_PROVISIONER_PASSWORD_FILE, else the generated file <c>provisioner-password</c> (0600). Throws StartupException.
    /// </summary>
    public static CaPasswords Resolve(DataFolder folder, Func<string, string?> settings) => throw new NotImplementedException();
}
