using System.Diagnostics;
using System.Security.Cryptography;
using IoTPlatform.Jose;
using IoTPlatform.Testing;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>JWS signatures made by OpenSSL with the key in key.pem.</summary>
internal sealed class OpenSslKey(string openssl, TempFolder folder, string algorithm) : ISignatureKey
{
    public string Algorithm => algorithm;

    public string? KeyId => null;

    public byte[] Sign(ReadOnlySpan<byte> data)
    {
        File.WriteAllBytes(folder.Combine("data"), data);
        Run(["pkeyutl", "-sign", "-rawin", "-inkey", folder.Combine("key.pem"), "-in", folder.Combine("data"), "-out", folder.Combine("signature"), .. Options()]);
        var signature = File.ReadAllBytes(folder.Combine("signature"));
        return algorithm.StartsWith("ES", StringComparison.Ordinal) ? ToFixed(signature) : signature;
    }

    private string[] Options() => algorithm switch
    {
        "EdDSA" => [],
        "PS256" => ["-digest", "sha256", "-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:digest"],
        _ => ["-digest", $"sha{algorithm[2..]}"],
    };

    /// <summary>r||s (RFC 7518 section 3.4) from DER.</summary>
    private byte[] ToFixed(byte[] der)
    {
        using var key = ECDsa.Create();
        key.ImportFromPem(File.ReadAllText(folder.Combine("key.pem")));
        var size = (key.KeySize + 7) / 8;
        var sequence = new System.Formats.Asn1.AsnReader(der, System.Formats.Asn1.AsnEncodingRules.DER).ReadSequence();
        return [.. Unsigned(), .. Unsigned()];

        byte[] Unsigned()
        {
            var bytes = sequence.ReadInteger().ToByteArray(isUnsigned: true, isBigEndian: true);
            return [.. new byte[size - bytes.Length], .. bytes];
        }
    }

    private void Run(string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(openssl, arguments) { UseShellExecute = false, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit(30_000).ShouldBeTrue();
        process.ExitCode.ShouldBe(0, error);
    }
}
