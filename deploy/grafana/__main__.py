"""`python -m deploy.grafana`: writes the dashboards and the alert rules anew."""

from deploy.grafana.files import FOLDER, write_files

write_files(FOLDER)
