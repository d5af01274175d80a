using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Tenants;

namespace IoTPlatform.Provider.Portal;

/// <summary>The form that prepares a tenant. What it says beside a field is a courtesy: the service judges.</summary>
internal sealed class PrepareModel
{
    public const int LongestName = 200;

    public string TenantId { get; set; } = "";

    public string DisplayName { get; set; } = "";

    /// <summary>Separated by blanks or commas.</summary>
    public string Domains { get; set; } = "";

    public string Plan { get; set; } = "standard";

    public static string? IdProblem(string? id) => string.IsNullOrEmpty(id) ? "An id is needed: it becomes part of names and addresses, and never changes."
        : Contracts.TenantId.IsValid(id) ? null
        : "2 to 63 small letters, digits and dashes, with no dash at either end.";

    public static string? NameProblem(string? name) => string.IsNullOrWhiteSpace(name) ? "A name for people is needed."
        : FreeText.IsValid(name.Trim(), LongestName) ? null
        : $"At most {LongestName} characters, and {FreeText.Refused}.";

    public bool IsValid => IdProblem(TenantId) is null && NameProblem(DisplayName) is null;

    public PrepareTenantRequest ToRequest() => new()
    {
        TenantId = TenantId,
        DisplayName = DisplayName.Trim(),
        DnsDomains = Domains.Split([' ', ',', ';', '\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries) is { Length: > 0 } domains ? domains : null,
        Plan = Plan,
    };
}
