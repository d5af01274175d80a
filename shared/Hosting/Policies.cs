namespace IoTPlatform.Hosting;

/// <summary>Authorization policies of the portal: admin ⊃ operator ⊃ viewer.</summary>
public static class Policies
{
    public const string Admin = "admin";
    public const string Operator = "operator";
    public const string Viewer = "viewer";
}
