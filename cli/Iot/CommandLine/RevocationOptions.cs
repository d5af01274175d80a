using System.CommandLine;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Pki;

namespace IoTPlatform.Iot;

internal static class RevocationOptions
{
    public static Option<string?> Reason { get; } = new("--reason") { Description = "Why, in words; goes into the record and the audit log." };
    public static Option<int> Code { get; } = CreateCode();

    public static RevokeRequest Of(Run run) => new() { Reason = run.Get(Reason), ReasonCode = run.Get(Code) };

    private static Option<int> CreateCode()
    {
        var code = new Option<int>("--reason-code") { Description = "CRLReason (RFC 5280 5.3.1): 0 unspecified, 1 key compromise, 4 superseded, 5 cessation of operation, …", HelpName = "0-10" };
        code.Validators.Add(result =>
        {
            if (!RevocationReasons.TryParse(result.GetValueOrDefault<int>(), out var reason) || reason == RevocationReason.RemoveFromCrl)
            {
                result.AddError("--reason-code is 0 to 10 without 7 and 8 (RFC 5280 5.3.1)");
            }
        });
        return code;
    }
}
