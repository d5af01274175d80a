namespace IoTPlatform.Identity;

public static class Roles
{
    public const string Admin = "cdm-admin";
    public const string Operator = "cdm-operator";
    public const string Viewer = "cdm-viewer";

    public static IReadOnlyList<string> All { get; } = [Admin, Operator, Viewer];
}
