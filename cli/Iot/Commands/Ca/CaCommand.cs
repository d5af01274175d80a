using System.CommandLine;

namespace IoTPlatform.Iot;

internal static class CaCommand
{
    public static Command Create() => Verb.Group(
        "ca", "The certificate authorities: root, fingerprint, issued certificates, offline root key.", ["iot ca fingerprint", "iot ca list --profile device --tenant"],
        CaFingerprint.Create(), CaRoot.Create(), CaInspect.Create(), CaList.Create(), CaRevoke.Create(), CaExportRootKey.Create(), CaRemoveRootKey.Create());
}
