using System.Text.Json;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

internal static class PkiProblems
{
    public static ProblemException From(PkiException e) =>
        new(400, JsonNamingPolicy.SnakeCaseLower.ConvertName(e.Error.ToString()), e.Message, inner: e);
}
