using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Testing;

/// <summary>A foreign opinion on certificates.</summary>
public static class OpenSsl
{
    /// <summary>openssl verify -x509_strict. The certificate first, its issuers after it, the root last.</summary>
    /// <param name="purpose">sslserver, sslclient, any or null for no purpose check.</param>
    public static async Task<ToolResult> VerifyAsync(DateTimeOffset at, string? purpose, params IReadOnlyList<X509Certificate2> path)
    {
        var openssl = Requires.Tool("openssl");
        using var folder = new TempFolder();
        File.WriteAllText(folder.Combine("leaf.pem"), Pem.Certificates([path[0]]));
        File.WriteAllText(folder.Combine("untrusted.pem"), Pem.Certificates(path.Skip(1).SkipLast(1)));
        File.WriteAllText(folder.Combine("root.pem"), Pem.Certificates([path[^1]]));
        string[] untrusted = path.Count > 2 ? ["-untrusted", folder.Combine("untrusted.pem")] : [];
        string[] purposes = purpose is null ? [] : ["-purpose", purpose];
        return await Tools.RunAsync(openssl,
        [
            "verify", "-x509_strict", "-check_ss_sig", "-no-CApath", "-no-CAstore", "-attime", at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            .. purposes, "-CAfile", folder.Combine("root.pem"), .. untrusted, folder.Combine("leaf.pem"),
        ]);
    }

    /// <summary>openssl x509 -text, white space at the ends of lines removed.</summary>
    public static async Task<string> TextAsync(X509Certificate2 certificate)
    {
        var result = await Tools.RunAsync(Requires.Tool("openssl"), ["x509", "-noout", "-text"], Pem.Certificates([certificate]));
        return string.Join('\n', result.EnsureSuccess().Output.Split('\n').Select(line => line.Trim()));
    }
}
